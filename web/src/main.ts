import { app } from './app'
import { askAhead } from './pages/work'
import { router } from './router'
import { isReady, resume } from './session'
import './theme'
import './theme.css'

// No await at the top: it would keep the bundler from putting what the first page needs into one file.
void resume().then(() => {
  if (isReady.value && ['/', '/work'].includes(location.pathname)) askAhead()
  // After what is asked has left: drawing keeps the thread for as long as the answers take.
  setTimeout(() => app.use(router).mount('#app'))
})
