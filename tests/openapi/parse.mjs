// Reads the API description as @apidevtools/swagger-parser does.
import { createRequire } from 'node:module';
import { pathToFileURL } from 'node:url';

const [, , modules, file] = process.argv;
const entry = createRequire(`${modules}/package.json`).resolve('@apidevtools/swagger-parser');
const { default: parser, SwaggerParser } = await import(pathToFileURL(entry));
try {
  await (parser.validate ? parser : SwaggerParser).validate(file);
} catch (error) {
  console.error(error.message);
  process.exit(1);
}
