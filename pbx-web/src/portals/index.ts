export { Home, SignedIn } from './shell/guard';
export { Crash, Nowhere, Root } from './shell/root';
