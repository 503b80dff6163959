/** The name and version of this project, for the logs of those who get its requests. The build inserts the version. */
declare const VERSION: string;

export const USER_AGENT = `kustomer-sync/${typeof VERSION === 'string' ? VERSION : 'source'}`;
