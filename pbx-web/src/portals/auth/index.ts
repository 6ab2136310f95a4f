export { AuthLayout } from './layout';
export { EntrancePage, SignInPage } from './sign-in';
export { RegisterPage } from './register';
export { VerifyPage } from './verify';
export { ForgotPage, ResetPage } from './password';
export { InvitationPage } from './invitation';
