/** An alert that holds now, as `/health`, `/metrics` and the dashboard show it. */
export interface ActiveAlert {
  /** Bounded word of its cause, such as `cpu` or `circuit-open`. */
  readonly alert: string;
  readonly severity: 'warning' | 'critical';
  /** The server it is about; null: the gateway. */
  readonly server: string | null;
  /** One sentence for people, with value and threshold. */
  readonly message: string;
  /** ISO 8601. */
  readonly since: string;
}
