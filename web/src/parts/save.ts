/** Give bytes of the server to the person as a file. */
export function save(bytes: unknown, name: string): void {
  const url = URL.createObjectURL(bytes as Blob)
  const link = document.createElement('a')
  link.href = url
  link.download = name
  link.click()
  setTimeout(() => URL.revokeObjectURL(url), 10_000)
}
