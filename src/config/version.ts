// Who we are, for the other side's logs. The build puts the version of package.json in.
declare const VERSION: string;

export const USER_AGENT = `kustomer-sync/${typeof VERSION === 'string' ? VERSION : 'source'}`;
