using System.Buffers.Text;

namespace TokenHub.Protocols.OpenAi;

/// <summary>
/// Whether a JSON text that comes in pieces, each the inside of a string, is whole: begun, and every bracket and quote
/// closed. It does not judge whether the text is right.
/// </summary>
internal struct JsonBalance
{
    private int _depth;
    private bool _isBegun;
    private bool _isText;
    private bool _isEscaped;

    public readonly bool IsWhole => _isBegun && _depth <= 0 && !_isText;

    public void Add(ReadOnlySpan<byte> escaped)
    {
        for (var i = 0; i < escaped.Length; i++)
        {
            var c = escaped[i];
            if (c == '\\' && i + 1 < escaped.Length)
            {
                c = escaped[++i];
                if (c == 'u' && i + 4 < escaped.Length
                    && Utf8Parser.TryParse(escaped.Slice(i + 1, 4), out ushort unit, out _, 'X'))
                {
                    c = unit < 128 ? (byte)unit : (byte)'_';
                    i += 4;
                }
                else if (c is (byte)'b' or (byte)'f' or (byte)'n' or (byte)'r' or (byte)'t')
                {
                    c = (byte)' ';
                }
            }

            Step(c);
        }
    }

    private void Step(byte c)
    {
        if (_isText)
        {
            _isText = _isEscaped || c != '"';
            _isEscaped = !_isEscaped && c == '\\';
            return;
        }

        switch (c)
        {
            case (byte)'"':
                (_isText, _isBegun) = (true, true);
                break;
            case (byte)'{' or (byte)'[':
                _depth++;
                _isBegun = true;
                break;
            case (byte)'}' or (byte)']':
                _depth--;
                break;
        }
    }
}
