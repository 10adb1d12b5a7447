/** Where secret values come from. */
export interface SecretSource {
  /** null: no secret of that name. */
  read(name: string): Promise<string | null>;
}
