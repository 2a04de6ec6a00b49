# powershell completion for hookctl                              -*- shell-script -*-

[scriptblock]${__hookctlCompleterBlock} = {
    param($WordToComplete, $CommandAst, $CursorPosition)

    # What programs say on standard error is no reason to stop.
    $ErrorActionPreference = 'Continue'

    # The words up to the cursor, without their quotes; $Typed is the last one with
    # them, or '' where none is begun.
    $Words = @()
    $Typed = ''
    foreach ($Element in $CommandAst.CommandElements) {
        $Extent = $Element.Extent
        if ($Extent.StartOffset -ge $CursorPosition) {
            break
        }
        $Typed = ''
        $Text = $Extent.Text
        if ($Element -is [System.Management.Automation.Language.StringConstantExpressionAst] -or
            $Element -is [System.Management.Automation.Language.ExpandableStringExpressionAst]) {
            $Text = $Element.Value
        }
        if ($Extent.EndOffset -ge $CursorPosition) {
            $Typed = $Extent.Text.Substring(0, $CursorPosition - $Extent.StartOffset)
            if ($Extent.EndOffset -gt $CursorPosition) {
                $Text = $Typed -replace '^[''"]', '' # the cursor is inside it
            }
        }
        $Words += $Text
    }
    if ($Typed -eq '') {
        $Words += ''
    }
    $Program = $Words[0]
    $Value = $Words[-1]

    # Before PowerShell 7.3 an empty word is lost on its way to a program, and a quote.
    $Passing = Get-Variable -Name PSNativeCommandArgumentPassing -ValueOnly -ErrorAction Ignore
    $Arguments = @('__complete')
    for ($i = 1; $i -lt $Words.Count; $i++) {
        $Word = $Words[$i]
        if (-not $Passing -or "$Passing" -eq 'Legacy') {
            $Word = $Word -replace '(\\*)"', '$1$1\"'
            if ($Word -eq '') {
                $Word = '""'
            }
        }
        $Arguments += $Word
    }
    $Out = @(& $Program @Arguments 2>$null)
    if ($Out.Count -eq 0 -or "$($Out[-1])" -notmatch '^:\d+$') {
        return # no answer
    }
    $Directive = [int]"$($Out[-1])".Substring(1)
    if ($Directive -band 1) {
        return
    }
    if ($Directive -band 24) {
        return # files: those with an extension, directories; PowerShell offers all
    }

    # The answers to --flag=value are values.
    $Flag = ''
    if ($Value.StartsWith('-') -and $Value.Contains('=')) {
        $Flag, $Value = $Value.Split('=', 2)
        $Flag += '='
    }
    # Of a comma list PowerShell replaces the last word only.
    $Head = ''
    if ($Typed.Length -gt "$WordToComplete".Length -and $Typed.EndsWith("$WordToComplete", [StringComparison]::Ordinal)) {
        $Head = $Typed.Substring(0, $Typed.Length - "$WordToComplete".Length)
    }

    $Found = 0
    foreach ($Line in $Out[0..($Out.Count - 2)]) {
        $Name, $About = "$Line".Split("`t", 2)
        if ($Out.Count -lt 2 -or -not $Name.StartsWith($Value, [StringComparison]::Ordinal)) {
            continue
        }
        $Found++
        $Text = $Flag + $Name
        if ($Head -ne '' -and $Text.StartsWith($Head, [StringComparison]::Ordinal)) {
            $Text = $Text.Substring($Head.Length)
        }
        # What is more than a word to PowerShell is put between quotes, which all kinds
        # of single quotes end.
        if ($Head -eq '' -and $Text -match '[^\w./:=+~!%^\\-]|^~') {
            $Text = "'" + ($Text -replace "(['\u2018\u2019\u201a\u201b])", '$1$1') + "'"
        }
        if ($ExecutionContext.SessionState.LanguageMode -ne 'FullLanguage') {
            $Text
            continue
        }
        $Shown = $Name
        if ($About) {
            $Shown += "  ($About)"
        } else {
            $About = $Name
        }
        [System.Management.Automation.CompletionResult]::new($Text, $Shown, 'ParameterValue', $About)
    }
    if ($Found -eq 0 -and ($Directive -band 4)) {
        '' # else PowerShell would offer files
    }
}

Register-ArgumentCompleter -Native -CommandName 'hookctl' -ScriptBlock ${__hookctlCompleterBlock}
