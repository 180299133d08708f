/** Values of the flags that commands have in common; absent when not given. */
export interface CommonOptions {
  readonly server?: string
  readonly caFile?: string
  readonly timeout?: string
  readonly tokenFile?: string
  readonly tokenStdin?: boolean
  readonly json?: boolean
  readonly plain?: boolean
  readonly quiet?: boolean
  readonly verbose?: boolean
  readonly color?: boolean
  readonly input?: boolean
}
