// Where somebody may sit between a server of the world and its client: asked with each request before the server sees it.
import type { IncomingMessage, ServerResponse } from 'node:http';

export type Service = 'kustomer' | 'results' | 'blobs' | 'rest';

/** True: the request has been answered, and the server must not work on it. Else what the server sends may pass through a wrapped response. */
export type Tamper = (service: Service, request: IncomingMessage, response: ServerResponse) => boolean;

/** The right answer, as the server would have sent it. */
export interface RightAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer;
}

/** Holds back all that a server sends, until it has sent everything. */
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
