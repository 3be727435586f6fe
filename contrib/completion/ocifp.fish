# fish completion for ocifp, which answers itself: see `ocifp completion`
function __ocifp_complete
	set -l words (commandline -opc)
	set -l current (commandline -ct)
	set -l option (string match -r -- '^--[^=]*=' "$current")
	set -l value (string replace -r -- '^--[^=]*=' '' "$current")
	for line in (ocifp __complete $words[2..-1] "$current" 2>/dev/null)
		switch $line
		case ':files'
			string replace -r -- '^' "$option" (__fish_complete_path "$value")
		case ':directories'
			string replace -r -- '^' "$option" (__fish_complete_directories "$value")
		case ':none'
		case '*'
			echo -- $line
		end
	end
end
complete -c ocifp -f -a '(__ocifp_complete)'
