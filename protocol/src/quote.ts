/**
 * Foreign text in double quotes for an error message: at most 100 characters of it, and nothing that could break a log line or a
 * terminal (control, format and surrogate characters become `�`).
 */
export function quote(text: string): string {
  const clipped = text.length > 100 ? `${text.slice(0, 99)}…` : text
  return `"${clipped.replace(/[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/gu, '\uFFFD')}"`
}
