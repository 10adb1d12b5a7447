const USERINFO = /\b([a-z][a-z0-9+.-]*:\/\/)([^\s/?#"'`]+)@/gi;

/** A text with a star for each character of users and passwords in its URLs, so that what stands behind them keeps its column. */
export function withoutUserinfo(text: string): string {
  return text.replace(
    USERINFO,
    (_, scheme: string, userinfo: string) => `${scheme}${'*'.repeat(userinfo.length)}@`,
  );
}
