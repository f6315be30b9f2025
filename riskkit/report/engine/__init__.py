"""A papermill engine that forks: `papermill --engine riskkit in.ipynb out.ipynb`, and `Zygote` for many notebooks.

One process imports the heavy libraries once, the *zygote*. Every notebook then runs in a child forked from it, so that
nothing is imported twice and nothing one notebook does can reach the next. The kernel in the child is the ordinary
one; only the sockets between it and papermill are replaced, by a pair that needs no threads.

    zygote      the process that forks, and what a child does first
    system      the calls of Linux it needs · apart: work whose memory it is not to keep
    client      the other end: `Zygote`
    frames      messages on a socket
    kernel      the kernel in the child
    streams     its standard output, kept where a dead child's last words can still be read
    channels    papermill's end: what nbclient takes for a kernel
    ways        which way notebooks can be run here, by versions and platform
    execution   the papermill engine
    entry       what papermill finds as `--engine riskkit`
    jobs        a whole notebook, from file to file, and its `Record`
"""

ENGINE = "riskkit"
"""The engine's name: `papermill --engine riskkit`."""
