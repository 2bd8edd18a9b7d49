/** A column of a DataTable. */
export interface Column {
  key: string
  name: string
  width: number
  align?: 'right'
  mono?: boolean
  /** sorts by this word of the server */
  sort?: string
  /** hidden until chosen */
  extra?: boolean
}
