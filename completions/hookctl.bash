# bash completion for hookctl                              -*- shell-script -*-
#
# It needs nothing but bash, 3.2 or later. Nothing that is typed is evaluated.

# __hookctl_words puts the words up to the cursor into words, as they are typed:
# bash takes them apart at = and : as well.
__hookctl_words()
{
    local rest=${COMP_LINE:0:COMP_POINT} blank piece before="" i
    words=()
    for ((i = 0; i <= COMP_CWORD; i++)); do
        blank=${rest%%[![:blank:]]*}
        rest=${rest#"$blank"}
        piece=${COMP_WORDS[i]}
        if [[ $rest != "$piece"* ]]; then
            piece=$rest # the cursor is inside it
        fi
        rest=${rest#"$piece"}
        if [[ $i -gt 0 && -z $blank && ( -z ${piece//[=:]/} || -z ${before//[=:]/} ) ]]; then
            words[${#words[@]}-1]+=$piece
        else
            words+=("$piece")
        fi
        before=$piece
    done
}

# __hookctl_unquote puts a word without its quotes into unquoted, the quote that is
# still open into quote, and what stands before that into before.
__hookctl_unquote()
{
    local rest=$1 char
    unquoted="" quote="" before=""
    case $rest in
    "~/"*)
        unquoted=$HOME
        rest=${rest:1}
        ;;
    '$'[A-Za-z_]*|'"$'[A-Za-z_]*'"')
        char=${rest//[\"\$]/}
        # What is no file may be a secret: it does not go into an argument.
        if [[ -z ${char//[A-Za-z0-9_]/} && -e ${!char-} ]]; then
            unquoted=${!char}
            return
        fi
        ;;
    esac
    while [[ -n $rest ]]; do
        char=${rest:0:1}
        rest=${rest:1}
        case $quote$char in
        "\\")
            unquoted+=${rest:0:1}
            rest=${rest:1}
            ;;
        \'|\")
            quote=$char
            before=$unquoted
            ;;
        "''"|'""')
            quote=""
            ;;
        '"\')
            if [[ ${rest:0:1} == [\"\\\$\`] ]]; then
                char=${rest:0:1}
                rest=${rest:1}
            fi
            unquoted+=$char
            ;;
        *)
            unquoted+=$char
            ;;
        esac
    done
}

# __hookctl_quote puts a text into quoted, as it is typed behind the quote that is
# still open, or behind none.
__hookctl_quote()
{
    local inside="'\\''"
    case $quote in
    "'")
        quoted=${1//\'/$inside}
        ;;
    '"')
        quoted=${1//\\/\\\\}
        quoted=${quoted//\"/\\\"}
        quoted=${quoted//\$/\\\$}
        quoted=${quoted//\`/\\\`}
        ;;
    *)
        printf -v quoted %q "$1"
        quoted=${quoted//\\,/,}
        ;;
    esac
}

# __hookctl_files offers directories, and the files that end in one of the words.
__hookctl_files()
{
    local file end
    while IFS="" read -r file; do
        if [[ -d $file ]]; then
            COMPREPLY+=("$file")
            continue
        fi
        for end in "$@"; do
            if [[ $file == *."$end" ]]; then
                COMPREPLY+=("$file")
                break
            fi
        done
    done < <(compgen -f -- "$value")
}

__start_hookctl()
{
    local words args=() unquoted quote before quoted cur value flag="" program out directive line word about char head="" longest=0 i
    local tab=$'\t' space="" options=""
    local all=() abouts=()
    COMPREPLY=()

    __hookctl_words
    __hookctl_unquote "${words[0]}"
    program=$unquoted
    type -P "$program" >/dev/null || program=hookctl # it is an alias, or a function
    for ((i = 1; i < ${#words[@]}; i++)); do
        __hookctl_unquote "${words[i]}"
        args+=("$unquoted")
    done
    cur=${words[${#words[@]}-1]}
    if ((${#words[@]} > 1)) && [[ ${words[${#words[@]}-2]} == *[\<\>]* ]]; then
        return # a file, which bash itself completes
    fi
    out=$("$program" __complete "${args[@]}" 2>/dev/null)
    directive=${out##*:}
    out=${out%:*}
    if [[ -z $directive || -n ${directive//[0-9]/} ]] || ((directive & 1)); then
        return # no answer
    fi

    # The answers to --flag=value are values.
    value=$unquoted
    if [[ $value == -*=* ]]; then
        flag=${value%%=*}=
        value=${value#*=}
    fi
    if [[ $(type -t compopt) == builtin ]]; then
        ((directive & 2)) && compopt -o nospace
        ((directive & 4)) && compopt +o default
    elif [[ -z $quote ]] && ! ((directive & 2)); then
        space=" " # bash 3.2 adds none, see below
    fi
    if ((directive & 24)); then
        if [[ $(type -t compopt) == builtin && -z $quote ]]; then
            compopt -o filenames
            __hookctl_files $out
        fi
        return
    fi

    while IFS="" read -r line; do
        word=${line%%$tab*}
        if [[ -n $word && $word == "$value"* ]]; then
            all+=("$flag$word")
            about=${line#"$word"}
            abouts+=("${about#$tab}")
        fi
    done <<<"$out"

    # What bash replaces begins behind the last = or :, or behind the open quote.
    for char in = :; do
        if [[ -z $quote && $cur == *$char* && $COMP_WORDBREAKS == *$char* ]]; then
            word=${cur%"${cur##*$char}"}
            if ((${#word} > ${#head})); then
                head=$word
            fi
        fi
    done
    for ((i = 0; i < ${#all[@]}; i++)); do
        word=${all[i]}
        if [[ -n $quote ]]; then
            word=${word#"$before"}
        fi
        __hookctl_quote "$word"
        COMPREPLY[i]=${quoted#"$head"}
        if ((${#COMPREPLY[i]} > longest)); then
            longest=${#COMPREPLY[i]}
        fi
    done
    if ((${#all[@]} == 1)); then
        COMPREPLY[0]+=$space
    fi

    # A list of several shows what each is, unless they are put in one by one.
    if ((${#all[@]} > 1)) && [[ ${COMP_TYPE-} != 37 && ${COMP_TYPE-} != 42 ]]; then
        local width=$((${COLUMNS:-80} - longest - 4)) blank
        for ((i = 0; i < ${#all[@]}; i++)); do
            about=${abouts[i]}
            if [[ -z $about ]] || ((width < 8)); then
                continue
            fi
            if ((${#about} > width)); then
                about=${about:0:width-1}…
            fi
            printf -v blank "%*s" $((longest - ${#COMPREPLY[i]})) ""
            COMPREPLY[i]+="$blank  ($about)"
        done
    fi
}

if [[ $(type -t compopt) == builtin ]]; then
    complete -o default -F __start_hookctl hookctl
else
    complete -o default -o nospace -F __start_hookctl hookctl
fi

# ex: ts=4 sw=4 et filetype=sh
