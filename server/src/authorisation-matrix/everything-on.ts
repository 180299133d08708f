/** Settings with which the server registers every route there is and compares organisations. */
export const EVERYTHING_ON: Readonly<Record<string, string>> = {
  TFR_MULTI_TENANCY_ENABLED: 'true',
  TFR_AUTH_TERRAFORM_LOGIN: 'true',
  TFR_DEV_MODE: 'true',
  TFR_SECURITY_CORS_ALLOWED_ORIGINS: 'https://portal.example.com',
  TFR_RATE_LIMIT_ENABLED: 'false',
}
