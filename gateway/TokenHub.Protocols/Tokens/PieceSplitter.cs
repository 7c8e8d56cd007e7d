namespace TokenHub.Protocols.Tokens;

/// <summary>
/// Cuts text into the pieces within which byte pairs are merged. These are the published regular expressions of the two
/// vocabularies, alternatives in their order and backtracking included, written out by hand.
/// </summary>
internal ref struct PieceSplitter(TokenEncoding encoding, ReadOnlySpan<byte> text, bool isWhole)
{
    private readonly ReadOnlySpan<byte> _text = text;
    private readonly bool _isO200k = encoding == TokenEncoding.O200k;
    private bool _sawEnd;

    /// <summary>
    /// The length of the piece at a place; 0 when there is none, or when it could still grow: what follows is not known
    /// unless the text is whole.
    /// </summary>
    public int Next(int at)
    {
        _sawEnd = false;
        var end = Match(at);
        return _sawEnd && !isWhole ? 0 : end - at;
    }

    private int Match(int at)
    {
        var first = Peek(at, out var length);
        if (first is CharClass.End)
        {
            return at;
        }

        if (first is CharClass.Cut)
        {
            return at + length;
        }

        if (!_isO200k && Contraction(at) is var short_ && short_ > at)
        {
            return short_;
        }

        var word = _isO200k ? CasedWord(at, first, length) : Word(at, first, length);
        if (word > at)
        {
            return word;
        }

        return first switch
        {
            CharClass.Number => Digits(at),
            CharClass.Other or CharClass.Mark => Symbols(at),
            CharClass.Space when _text[at] == ' ' && IsSymbol(at + 1) => Symbols(at + 1),
            _ => White(at),
        };
    }

    // [^\r\n\p{L}\p{N}]?\p{L}+
    private int Word(int at, CharClass first, int length)
    {
        var body = IsPrefix(first) ? at + length : at;
        var end = body;
        while (Peek(end, out var step) is CharClass.Upper or CharClass.Lower or CharClass.Plain)
        {
            end += step;
        }

        return end > body ? end : at;
    }

    // [^\r\n\p{L}\p{N}]?U*L+ or, failing that, [^\r\n\p{L}\p{N}]?U+L*, both with a contraction; U are the letters that
    // are not lower case, L those that are not upper case, marks are both.
    private int CasedWord(int at, CharClass first, int length)
    {
        var body = IsPrefix(first) ? at + length : at;
        var end = UpperThenLower(body);
        if (end < 0 && first == CharClass.Mark)
        {
            end = UpperThenLower(at);
        }

        if (end < 0)
        {
            end = UpperRun(body, out _);
            end = end > body ? end : -1;
        }

        return end < 0 ? at : Contraction(end);
    }

    private int UpperThenLower(int body)
    {
        var run = UpperRun(body, out var lastShared);
        if (Peek(run, out _) != CharClass.Lower)
        {
            return lastShared;
        }

        while (Peek(run, out var step) is CharClass.Lower or CharClass.Plain or CharClass.Mark)
        {
            run += step;
        }

        return run;
    }

    // Where a run of U ends, and where the last of its characters ends that is in L as well (-1 when none is).
    private int UpperRun(int at, out int lastShared)
    {
        lastShared = -1;
        while (Peek(at, out var step) is var c and (CharClass.Upper or CharClass.Plain or CharClass.Mark))
        {
            at += step;
            lastShared = c == CharClass.Upper ? lastShared : at;
        }

        return at;
    }

    // 's 't 'm 'd 're 've 'll in any case, if one stands here.
    private int Contraction(int at)
    {
        if (Peek(at, out _) != CharClass.Other || _text[at] != '\'')
        {
            return at;
        }

        Peek(at + 1, out var length);
        if (length != 1)
        {
            return at;
        }

        var first = _text[at + 1] | 0x20;
        if (first is 's' or 't' or 'm' or 'd')
        {
            return at + 2;
        }

        var wanted = first switch { 'r' or 'v' => 'e', 'l' => 'l', _ => 0 };
        if (wanted == 0)
        {
            return at;
        }

        Peek(at + 2, out length);
        return length == 1 && (_text[at + 2] | 0x20) == wanted ? at + 3 : at;
    }

    // \p{N}{1,3}
    private int Digits(int at)
    {
        for (var i = 0; i < 3 && Peek(at, out var step) == CharClass.Number; i++)
        {
            at += step;
        }

        return at;
    }

    // [^\s\p{L}\p{N}]+[\r\n/]* ; without the slash in the older vocabulary.
    private int Symbols(int at)
    {
        while (Peek(at, out var step) is CharClass.Other or CharClass.Mark)
        {
            at += step;
        }

        while (Peek(at, out _) is var c && (c == CharClass.Newline || (_isO200k && IsSlash(at, c))))
        {
            at++;
        }

        return at;
    }

    private readonly bool IsSlash(int at, CharClass c) => c == CharClass.Other && _text[at] == '/';

    // \s*[\r\n]+ or \s+(?!\S) or \s+
    private int White(int at)
    {
        var (end, lastLine, beforeLast) = (at, -1, at);
        while (Peek(end, out var step) is var c and (CharClass.Newline or CharClass.Space))
        {
            beforeLast = end;
            end += step;
            lastLine = c == CharClass.Newline ? end : lastLine;
        }

        if (lastLine >= 0)
        {
            return lastLine;
        }

        // The last space goes with the word after it, unless it is the only one or nothing follows.
        return end < _text.Length && beforeLast > at ? beforeLast : end;
    }

    private bool IsSymbol(int at) => Peek(at, out _) is CharClass.Other or CharClass.Mark;

    private static bool IsPrefix(CharClass c) => c is CharClass.Space or CharClass.Other or CharClass.Mark;

    private CharClass Peek(int at, out int length)
    {
        var c = CharClasses.At(_text, at, out length);
        _sawEnd |= c is CharClass.End or CharClass.Cut;
        return c;
    }
}
