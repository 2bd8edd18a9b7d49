/* Counting semaphores for what several threads wait for. pthread_cond_signal can lose a wake-up when more
 * than one thread waits (sourceware bug 25847, in every glibc from 2.25 to 2.40): a queue would hold work
 * while all its threads sleep. Condition variables are for one waiter only. */
#pragma once
#include <errno.h>
#include <semaphore.h>

/** Take one, waiting for it; signals do not end the wait. */
static inline void sh_sem_take(sem_t *sem) {
    while (sem_wait(sem) != 0 && errno == EINTR) {
    }
}
