"""What a process that runs strangers' models gives up first: files, the network, most of the kernel."""
