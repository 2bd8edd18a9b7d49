// Who is signed in is asked while the pages' script is still on its way: the first page waits for the longer of both, not for one after the other.
window.sessionAsked = fetch('/api/v1/session', { headers: { 'Accept-Language': localStorage.getItem('language') === 'en' ? 'en' : 'zh-CN' } })
window.sessionAsked.catch(() => {}) // whoever takes the answer says so
