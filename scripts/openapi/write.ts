// Writes api/openapi.json: npx tsx scripts/openapi/write.ts
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { packageRoot } from '../../platform/package-root.ts';
import { openApiDocument } from './document.ts';

const file = join(packageRoot(), 'api/openapi.json');
writeFileSync(file, `${JSON.stringify(openApiDocument(), undefined, 2)}\n`);
process.stdout.write('api/openapi.json: written\n');
