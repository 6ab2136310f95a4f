import type { components } from './schema.gen';

type Schemas = components['schemas'];
export type Account = Schemas['AccountShown'];
export type Membership = Schemas['Membership'];
export type Role = Schemas['Role'];
export type Status = Schemas['Status'];
export type Locale = Schemas['Locale'];
export type Brand = Schemas['Brand'];
export type Tenant = Schemas['Tenant'];
export type TenantEngine = Schemas['TenantEngine'];
export type User = Schemas['User'] & Pick<Schemas['CustomerUser'], 'extension'>;
export type Customer = Schemas['Customer'];
export type Pbx = Schemas['Pbx'];
export type Extension = Schemas['Extension'];
export type Colleague = Schemas['Colleague'];
/** What a colleague does. */
export type Presence = Schemas['ColleagueState'];
export type Device = Schemas['Device'];
export type DeviceCredentials = Schemas['DeviceCredentials'];
export type Registration = Schemas['Registration'];
export type LiveCall = Schemas['LiveCall'];
export type LiveState = Schemas['LiveState'];
export type CallParty = Schemas['CallParty'];
export type Call = Schemas['Call'];
export type CallDetail = Schemas['CallDetail'];
export type Outcome = Schemas['Outcome'];
export type LegMedia = Schemas['LegMedia'];
export type TraceStep = Schemas['TraceStep'];
export type PhoneNumber = Schemas['Number'];
export type Message = Schemas['Message'];
export type Recording = Schemas['Recording'];
export type Audio = Schemas['Audio'];
export type QueueLive = Schemas['Queue'];
export type MemberState = Schemas['QueueMemberState'];
export type Callback = Schemas['Callback'];
export type Simulated = Schemas['Simulated'];
export type Trunk = Schemas['Trunk'];
export type ExtensionSettings = Schemas['ExtensionSettings'];
export type ExtensionType = Schemas['ExtensionType'];
export type Destination = Schemas['Destination'];
export type Prompt = Schemas['Prompt'];
export type Member = Schemas['Member'];
export type AuditEntry = Schemas['AuditEntry'];
export type Node = Schemas['Node'];
export type Mail = Schemas['Mail'];
export type MailState = Schemas['MailState'];
export type MyExtension = Schemas['MyExtension'];
export type Overview = Schemas['Overview'];
/** What an authenticator app is set up with. */
export type Totp = Schemas['TotpOffer'];
export type LoginAttempt = Schemas['LoginAttempt'];
export type MyOverview = Schemas['MyOverview'];
export type SignedInDevice = Schemas['Session'];
export type SignedIn = Schemas['SignedIn'];

/** A page of a list. */
export interface Listed<T> {
  items: T[];
  total: number;
}
