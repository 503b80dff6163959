// A hook between the servers of the world and their client: called with each request before the server handles it.
import type { IncomingMessage, ServerResponse } from 'node:http';

export type Service = 'kustomer' | 'results' | 'blobs' | 'rest';

/** Returns true when it answers the request itself, and the server must not handle it. */
export type Interceptor = (service: Service, request: IncomingMessage, response: ServerResponse) => boolean;

/** What the server would have sent. */
export interface RightAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer;
}

/** Withholds what a server sends. Resolves when the server has sent everything. */
export function capture(response: ServerResponse): Promise<RightAnswer> {
  const chunks: Buffer[] = [];
  let [status, headers]: [number, Record<string, string>] = [200, {}];
  return new Promise(resolve => {
    Object.assign(response, {
      writeHead(code: number, given: Record<string, string> = {}) {
        [status, headers] = [code, given];
        return response;
      },
      write(chunk: Buffer | string) {
        chunks.push(Buffer.from(chunk as string));
        return true;
      },
      end(chunk?: Buffer | string) {
        if (chunk !== undefined) chunks.push(Buffer.from(chunk as string));
        resolve({ status, headers, body: Buffer.concat(chunks) });
        return response;
      },
    });
  });
}
