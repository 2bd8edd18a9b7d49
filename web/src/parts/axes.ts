// The two axes of our charts, in the colours of the theme.
import { language } from '@/text'

type Css = (name: string) => string

/** 15,000: "1.5万", "15K". */
const short = (v: number) => new Intl.NumberFormat(language.value, { notation: 'compact' }).format(v)

export const categories = (css: Css, names: string[], width?: number) => ({
  type: 'category' as const,
  data: names,
  axisTick: { show: false },
  axisLine: { lineStyle: { color: css('--line') } },
  axisLabel: { color: css('--text-2'), ...(width ? { width, overflow: 'truncate' as const } : {}) },
})
export const figures = (css: Css) => ({
  type: 'value' as const,
  min: 0,
  splitNumber: 3,
  splitLine: { lineStyle: { color: css('--line') } },
  axisLabel: { color: css('--text-2'), formatter: short },
})
