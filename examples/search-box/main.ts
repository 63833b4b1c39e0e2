import { startSearchBox } from './search-box.ts';

const {
  TESSERA_URL: gateway = 'http://127.0.0.1:4000/graphql',
  TESSERA_TOKEN: token,
  PORT: port = '4002',
} = process.env;
if (!token) {
  console.error(
    'Set TESSERA_TOKEN to a token of a tenant: "npm start" prints two, and "npx tessera token" makes others.',
  );
  process.exit(1);
}
const { url } = await startSearchBox({ port: Number(port), gateway, token });
console.log(`The search box answers at ${url}`);
