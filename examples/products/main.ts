import { startProducts } from './products.ts';

const { url } = await startProducts(Number(process.env.PORT ?? 4001));
console.log(`The products subgraph answers at ${url}`);
