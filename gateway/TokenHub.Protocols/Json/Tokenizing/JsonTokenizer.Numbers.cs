namespace TokenHub.Protocols.Json.Tokenizing;

internal partial struct JsonTokenizer
{
    private enum Digits : byte
    {
        Start,
        Minus,
        Zero,
        Whole,
        Point,
        Fraction,
        Exponent,
        Sign,
        Power,
        End,
        Bad,
    }

    private void BeginNumber()
    {
        _captured = 0;
        _digits = Digits.Start;
        _state = State.Number;
    }

    private int ReadNumber<TSink>(ReadOnlySpan<byte> bytes, int i, ref TSink sink)
        where TSink : IJsonSink, allows ref struct
    {
        var start = i;
        for (; i < bytes.Length; i++)
        {
            var next = Step(_digits, bytes[i]);
            if (next == Digits.Bad)
            {
                return Fail(JsonFault.BadNumber, i);
            }

            if (next == Digits.End)
            {
                break;
            }

            _digits = next;
            if (_captured + i + 1 - start > NumberBytesMax)
            {
                return Fail(JsonFault.NumberTooLong, i);
            }
        }

        var part = bytes[start..i];
        if (i < bytes.Length && _captured == 0)
        {
            EndNumber(part, ref sink);
            return i;
        }

        Span<byte> capture = _capture;
        part.CopyTo(capture[_captured..]);
        _captured += part.Length;
        if (i < bytes.Length)
        {
            EndNumber(capture[.._captured], ref sink);
        }

        return i;
    }

    private void EndNumber<TSink>(scoped ReadOnlySpan<byte> text, ref TSink sink)
        where TSink : IJsonSink, allows ref struct
    {
        EndValue();
        if (_node != Silent)
        {
            sink.Scalar(_node, JsonKind.Number, text, _tokenAt);
        }
    }

    private static Digits Step(Digits digits, byte c) => digits switch
    {
        Digits.Start when c == '-' => Digits.Minus,
        Digits.Start or Digits.Minus when c == '0' => Digits.Zero,
        Digits.Start or Digits.Minus when IsDigit(c) => Digits.Whole,
        Digits.Whole when IsDigit(c) => Digits.Whole,
        Digits.Zero or Digits.Whole when c == '.' => Digits.Point,
        Digits.Zero or Digits.Whole or Digits.Fraction when c is (byte)'e' or (byte)'E' => Digits.Exponent,
        Digits.Point or Digits.Fraction when IsDigit(c) => Digits.Fraction,
        Digits.Exponent when c is (byte)'+' or (byte)'-' => Digits.Sign,
        Digits.Exponent or Digits.Sign or Digits.Power when IsDigit(c) => Digits.Power,
        Digits.Zero when IsDigit(c) => Digits.Bad,
        Digits.Zero or Digits.Whole or Digits.Fraction or Digits.Power => Digits.End,
        _ => Digits.Bad,
    };

    private static bool IsDigit(byte c) => c is >= (byte)'0' and <= (byte)'9';

    private int ReadLiteral<TSink>(ReadOnlySpan<byte> bytes, int i, ref TSink sink)
        where TSink : IJsonSink, allows ref struct
    {
        var word = _literal switch
        {
            (byte)'t' => "true"u8,
            (byte)'f' => "false"u8,
            _ => "null"u8,
        };
        while (i < bytes.Length && _literalRead < word.Length)
        {
            if (bytes[i] != word[_literalRead])
            {
                return Fail(JsonFault.Unexpected, i);
            }

            _literalRead++;
            i++;
        }

        if (_literalRead == word.Length)
        {
            var kind = _literal == 't' ? JsonKind.True : _literal == 'f' ? JsonKind.False : JsonKind.Null;
            EndValue();
            if (_node != Silent)
            {
                sink.Scalar(_node, kind, word, _tokenAt);
            }
        }

        return i;
    }
}
