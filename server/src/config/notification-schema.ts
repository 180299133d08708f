import { choice, flag, section, text, textList, wholeNumber } from './config-fields.ts'

/** `notifications`: mail that the server sends. */
export const notifications = section('Mail that the server sends.', {
  smtp: section('The mail server. Without a host no mail is sent.', {
    host: text({ description: 'Name of the mail server; its certificate must be for this name.' }),
    port: wholeNumber({
      description: 'Port: usually 587 for `starttls`, 465 for `implicit`.',
      default: 587,
      minimum: 1,
      maximum: 65_535,
    }),
    tls: choice(['starttls', 'implicit'], {
      description: 'How the connection is encrypted, with TLS 1.2 or later. There is no way to send without.',
      default: 'starttls',
    }),
    username: text({ description: 'User name, when the server asks for one.' }),
    password: text({ description: 'Password of the user name.', secret: true }),
    from: text({ description: 'Sender: `registry@example.com` or `Registry <registry@example.com>`.' }),
    ca_file: text({ description: 'CA certificates in PEM that are trusted beside the usual ones.', filePath: true }),
  }),
  recipients: textList({
    description:
      'Addresses that get a letter for each notification: quarantined packages, failed mirrors and the like. They see each other.',
  }),
  api_key_expiry: section('Warnings before API keys end, to owners with an e-mail address, once for each key and end.', {
    enabled: flag({ description: 'Send them.', default: true }),
    warning_days: wholeNumber({ description: 'How long before the end.', unit: 'days', default: 7, minimum: 1, maximum: 365 }),
    check_interval_hours: wholeNumber({
      description: 'How often keys are looked at.',
      unit: 'hours',
      default: 24,
      minimum: 1,
      maximum: 168,
    }),
  }),
})
