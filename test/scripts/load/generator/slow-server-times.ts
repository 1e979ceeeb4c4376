/** What the slow server does, for those who check it: importing the server itself would start one. */
export const serviceMs = 50;
export const stallMs = 2_000;
