import { createApp } from 'vue'
import App from './App.vue'
import { router } from './router'
import { resume } from './session'
import './theme'
import './theme.css'

// No await at the top: it would keep the bundler from putting what the first page needs into one file.
void resume().then(() => createApp(App).use(router).mount('#app'))
