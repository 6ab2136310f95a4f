import type { ComponentType } from 'react';
import { createBrowserRouter, type RouteObject } from 'react-router';
import { withWords } from './i18n';
import { Crash, Home, Nowhere, Root, SignedIn } from './portals';

/** Pages of a portal, loaded when the first of them is visited. */
function part<Name extends string>(load: () => Promise<Record<Name, ComponentType>>) {
  return (name: Name) => ({ lazy: async () => ({ Component: (await load())[name] }) });
}
const auth = part(withWords(() => import('./portals/auth'), 'auth'));
const platform = part(withWords(() => import('./portals/platform'), 'shell', 'nouns', 'nodes', 'flows'));
const tenant = part(withWords(() => import('./portals/tenant'), 'shell', 'nouns', 'telephony'));
const customer = part(withWords(() => import('./portals/customer'), 'shell', 'nouns', 'telephony', 'flows'));
const me = part(withWords(() => import('./portals/me'), 'shell', 'telephony', 'flows', 'me'));

/** The map of the portal; `lib/paths.ts` names the same addresses. */
const routes: RouteObject[] = [
  {
    ...auth('AuthLayout'),
    children: [
      { path: 'sign-in', ...auth('SignInPage') },
      { path: 'at/:slug/*', ...auth('EntrancePage') },
      { path: 'register', ...auth('RegisterPage') },
      { path: 'verify-email', ...auth('VerifyPage') },
      { path: 'forgot-password', ...auth('ForgotPage') },
      { path: 'reset-password', ...auth('ResetPage') },
      { path: 'invitation/:token', ...auth('InvitationPage') },
    ],
  },
  {
    element: <SignedIn />,
    children: [
      { index: true, element: <Home /> },
      {
        path: 'platform',
        ...platform('PlatformLayout'),
        children: [
          { index: true, ...platform('PlatformOverview') },
          {
            path: 'tenants',
            ...platform('TenantsPage'),
            children: [
              { path: 'new', ...platform('NewTenantSheet') },
              { path: ':tenant', ...platform('EditTenantSheet') },
            ],
          },
          { path: 'users/:user?', ...platform('PlatformUsersPage') },
          { path: 'nodes/:node?', ...platform('NodesPage') },
          { path: 'status', ...platform('StatusPage') },
          { path: 'mails/:mail?', ...platform('MailsPage') },
          { path: 'audit', ...platform('PlatformAudit') },
        ],
      },
      {
        path: 'tenants/:tenant/customers/:customer',
        ...customer('CustomerLayout'),
        children: [
          { index: true, ...customer('CustomerOverview') },
          { path: 'pbxs', ...customer('PbxsPage') },
          {
            ...customer('AdminOnly'),
            children: [
              { path: 'people/:user?', ...customer('PeoplePage') },
              { path: 'numbers/:number?', ...customer('NumbersPage') },
              { path: 'audit', ...customer('CustomerAudit') },
              { path: 'pbxs/new', ...customer('PbxsPage') },
              { path: 'pbxs/:pbx/settings', ...customer('PbxSettingsPage') },
              { path: 'pbxs/:pbx/voicemail', ...customer('MessagesPage') },
              { path: 'pbxs/:pbx/lines/:trunk?', ...customer('TrunksPage') },
            ],
          },
          {
            path: 'pbxs/:pbx/extensions',
            ...customer('ExtensionsPage'),
            children: [
              { path: 'new', ...customer('AdminOnly'), children: [{ index: true, ...customer('NewExtensionSheet') }] },
              { path: ':extension', ...customer('ExtensionSheet') },
            ],
          },
          { path: 'pbxs/:pbx/online', ...customer('OnlinePage') },
          { path: 'pbxs/:pbx/live', ...customer('LivePage') },
          { path: 'pbxs/:pbx/what-if', ...customer('SimulatePage') },
          { path: 'pbxs/:pbx/queues', ...customer('QueuesPage') },
          { path: 'pbxs/:pbx/recordings', ...customer('RecordingsPage') },
          { path: 'pbxs/:pbx/callbacks', ...customer('CallbacksPage') },
          { path: 'pbxs/:pbx/sounds', ...customer('AudioPage') },
          { path: 'pbxs/:pbx/calls', ...customer('CallsPage'), children: [{ path: ':call', ...customer('CallSheet') }] },
          { path: '*', element: <Nowhere /> },
        ],
      },
      {
        path: 'tenants/:tenant',
        ...tenant('TenantLayout'),
        children: [
          { index: true, ...tenant('TenantOverview') },
          {
            path: 'customers',
            ...tenant('CustomersPage'),
            children: [
              { path: 'new', ...tenant('NewCustomerSheet') },
              { path: 'edit/:customer', ...tenant('EditCustomerSheet') },
            ],
          },
          { path: 'team/:user?', ...tenant('TeamPage') },
          { path: 'brand', ...tenant('BrandPage') },
          { path: 'audit', ...tenant('TenantAudit') },
          { path: '*', element: <Nowhere /> },
        ],
      },
      {
        path: 'me',
        ...me('MeLayout'),
        children: [
          { index: true, ...me('MyHomePage') },
          { path: 'calls', ...me('MyCallsPage') },
          { path: 'voicemail', ...me('MyMessagesPage') },
          { path: 'greeting', ...me('GreetingPage') },
          { path: 'phones', ...me('MyPhonesPage') },
          { path: 'forwarding', ...me('ForwardingPage') },
          { path: 'profile', ...me('ProfilePage') },
          { path: 'security', ...me('SecurityPage') },
          { path: 'rights', ...me('RightsPage') },
          { path: '*', element: <Nowhere /> },
        ],
      },
    ],
  },
  { path: '*', element: <Nowhere /> },
];

export const router = createBrowserRouter([{ element: <Root />, errorElement: <Crash />, HydrateFallback: () => null, children: routes }]);
