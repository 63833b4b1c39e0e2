import { startProducts } from './products.ts';

const { url } = await startProducts(4001);
console.log(`The products subgraph answers at ${url}`);
