import { spawnSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

export interface Certificate {
  certFile: string;
  keyFile: string;
  cert: string;
  key: string;
}

/** Whether tests can make certificates here; otherwise what to install. */
export const whyNoCertificate = (): string | undefined =>
  spawnSync('openssl', ['version']).status === 0 ? undefined : 'openssl is not installed: apt-get install openssl';

const CONFIG = (folder: string, names: string): string => `
[ca]
default_ca = own
[own]
database = ${folder}/index.txt
new_certs_dir = ${folder}
rand_serial = yes
default_md = sha256
policy = any
x509_extensions = extensions
[any]
commonName = supplied
[req]
distinguished_name = name
[name]
[extensions]
subjectAltName = ${names}
basicConstraints = critical,CA:true
`;

/** Makes a self-signed certificate in a folder. `from` and `to` are dates as openssl writes them: YYYYMMDDHHMMSSZ. */
export const makeCertificate = (
  folder: string,
  { names = 'IP:127.0.0.1,DNS:localhost', from = '20200101000000Z', to = '20990101000000Z' } = {},
): Certificate => {
  const [certFile, keyFile] = [join(folder, 'cert.pem'), join(folder, 'key.pem')];
  writeFileSync(join(folder, 'openssl.cnf'), CONFIG(folder, names));
  writeFileSync(join(folder, 'index.txt'), '');
  const openssl = (line: string) => {
    const { status, stderr } = spawnSync('openssl', line.split(' '), { cwd: folder, encoding: 'utf8' });
    if (status !== 0) throw new Error(`openssl ${line}: ${stderr}`);
  };
  const key = '-newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -keyout key.pem';
  openssl(`req -new ${key} -out request.pem -subj /CN=kit-test -config openssl.cnf`);
  openssl(
    `ca -selfsign -batch -config openssl.cnf -keyfile key.pem -in request.pem -out cert.pem -notext -startdate ${from} -enddate ${to}`,
  );
  return { certFile, keyFile, cert: readFileSync(certFile, 'utf8'), key: readFileSync(keyFile, 'utf8') };
};
