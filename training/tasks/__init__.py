"""A recipe's task: its data, network, loss, validation figure and export, behind training.fit.Task."""
