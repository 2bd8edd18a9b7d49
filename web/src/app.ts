// The pages' one application: parts that come later give it what they need (ui.ts).
import { createApp } from 'vue'
import App from './App.vue'

export const app = createApp(App)
