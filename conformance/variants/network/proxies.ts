import { spawnSync } from 'node:child_process';

/** A proxy as people put it before a server: it ends TLS, and speaks plain HTTP to what is behind it. */
export interface Proxy {
  program: string;
  install: string;
  /** The arguments that start it in the foreground, with a configuration. */
  start(configFile: string, folder: string): string[];
  config(ports: { front: number; behind: number }, pemFile: string, folder: string): string;
}

const nginx: Proxy = {
  program: 'nginx',
  install: 'apt-get install nginx-light',
  start: (configFile, folder) => ['-p', folder, '-c', configFile, '-e', 'stderr'],
  config: ({ front, behind }, pemFile, folder) => `daemon off;
worker_processes 1;
pid ${folder}/nginx.pid;
error_log stderr crit;
events { worker_connections 4096; }
http {
  access_log off;
  client_body_temp_path ${folder}/body;
  proxy_temp_path ${folder}/proxy;
  fastcgi_temp_path ${folder}/fastcgi;
  uwsgi_temp_path ${folder}/uwsgi;
  scgi_temp_path ${folder}/scgi;
  map $http_upgrade $connection_upgrade { default upgrade; '' close; }
  server {
    listen 127.0.0.1:${front} ssl;
    ssl_certificate ${pemFile};
    ssl_certificate_key ${pemFile};
    location / {
      proxy_pass http://127.0.0.1:${behind};
      proxy_http_version 1.1;
      proxy_set_header Host $host;
      proxy_set_header Upgrade $http_upgrade;
      proxy_set_header Connection $connection_upgrade;
      proxy_read_timeout 1h;
    }
  }
}
`,
};

const haproxy: Proxy = {
  program: 'haproxy',
  install: 'apt-get install haproxy',
  start: (configFile) => ['-db', '-f', configFile],
  config: ({ front, behind }, pemFile) => `global
  maxconn 4096
defaults
  mode http
  timeout connect 5s
  timeout client 1h
  timeout server 1h
  timeout tunnel 1h
frontend front
  bind 127.0.0.1:${front} ssl crt ${pemFile}
  default_backend behind
backend behind
  server one 127.0.0.1:${behind}
`,
};

export const PROXIES = { nginx, haproxy } as const;
export type ProxyName = keyof typeof PROXIES;

/** Why a proxy cannot be started on this machine; nothing when it can. */
export const whyNoProxy = (name: ProxyName): string | undefined => {
  const { program, install } = PROXIES[name];
  const { error } = spawnSync(program, ['-v'], { stdio: 'ignore', timeout: 10_000 });
  return error === undefined ? undefined : `${program} is not installed: ${install}`;
};
