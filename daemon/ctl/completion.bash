# SPDX-License-Identifier: GPL-2.0-or-later
# bash completion for darkroomctl: commands, options and arguments come from its own --help, so from its tables.

_darkroomctl_commands() {
    "$1" --help 2>/dev/null | sed -n '/^Commands:/,/^$/s/^  \([a-z][a-z-]*\) .*/\1/p'
}

_darkroomctl_options() {
    "$@" --help 2>/dev/null | sed -n 's/^  \(--[a-z-]*=\{0,1\}\).*/\1/p'
}

# What a command takes: FILE…, [FOLDER…], …
_darkroomctl_arguments() {
    "$@" --help 2>/dev/null | sed -n '1s/^Usage: [^:]*\[OPTION…\] *\([^:]*\):.*/\1/p'
}

# The names of what "ops" and "recipes" list.
_darkroomctl_names() {
    "$1" "$2" --names 2>/dev/null
}

# The folders of the daemon, if it answers; their names are letters, digits and "._-".
_darkroomctl_folders() {
    "$1" status --json 2>/dev/null | grep -o '"name":"[A-Za-z0-9._-]*"' | cut -d'"' -f4
}

_darkroomctl() {
    local program=$1 current=${COMP_WORDS[COMP_CWORD]} option='' command='' commands word
    local states='waiting queued opening running publishing done failed cancelled superseded vanished'

    commands=$(_darkroomctl_commands "$program")
    for word in "${COMP_WORDS[@]:1:COMP_CWORD-1}"; do
        [[ " ${commands//$'\n'/ } " == *" $word "* ]] && command=$word && break
    done

    # "=" is a word of its own: --state = fai
    if [[ $current == = ]]; then
        option=${COMP_WORDS[COMP_CWORD-1]} current=''
    elif [[ ${COMP_WORDS[COMP_CWORD-1]} == = ]]; then
        option=${COMP_WORDS[COMP_CWORD-2]}
    fi

    case $option in
    --socket) mapfile -t COMPREPLY < <(compgen -f -- "$current") ;;
    --config) mapfile -t COMPREPLY < <(compgen -d -- "$current") ;;
    --folder) mapfile -t COMPREPLY < <(compgen -W "$(_darkroomctl_folders "$program")" -- "$current") ;;
    --state) mapfile -t COMPREPLY < <(compgen -W "$states" -- "$current") ;;
    --*) COMPREPLY=() ;;
    *)
        if [[ $current != -* && -z $command ]]; then
            mapfile -t COMPREPLY < <(compgen -W "$commands" -- "$current")
        elif [[ $current != -* && $(_darkroomctl_arguments "$program" "$command") == *FILE* ]]; then
            compopt -o filenames
            mapfile -t COMPREPLY < <(compgen -f -- "$current")
        elif [[ $current != -* && $(_darkroomctl_arguments "$program" "$command") == *FOLDER* ]]; then
            mapfile -t COMPREPLY < <(compgen -W "$(_darkroomctl_folders "$program")" -- "$current")
        elif [[ $current != -* && $(_darkroomctl_arguments "$program" "$command") == *@(OPERATION|RECIPE)* ]]; then
            mapfile -t COMPREPLY < <(compgen -W "$(_darkroomctl_names "$program" "$command")" -- "$current")
        else
            # shellcheck disable=SC2086  # an empty command is no word
            mapfile -t COMPREPLY < <(compgen -W "$(_darkroomctl_options "$program" $command)" -- "$current")
        fi
        [[ ${#COMPREPLY[@]} == 1 && ${COMPREPLY[0]} == *= ]] && compopt -o nospace
        ;;
    esac
    return 0
}

complete -F _darkroomctl darkroomctl
