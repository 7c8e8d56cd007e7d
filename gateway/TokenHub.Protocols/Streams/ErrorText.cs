using System.Text;

namespace TokenHub.Protocols.Streams;

/// <summary>What an upstream's error says, cut to a length that is fit for a log.</summary>
internal sealed class ErrorText
{
    private const int MessageBytesMax = 1024;

    private readonly byte[] _message = new byte[MessageBytesMax];
    private int _messageLength;
    private bool _isPlain;
    private ShortText _type;
    private ShortText _code;

    public static ErrorText Of(ReadOnlySpan<byte> type, ReadOnlySpan<byte> message)
    {
        var error = new ErrorText();
        error.AppendType(type);
        error.AppendMessage(message);
        return error;
    }

    public void Clear()
    {
        _messageLength = 0;
        _type.Clear();
        _code.Clear();
    }

    public string? Type => _type.IsEmpty ? null : _type.ToString();

    public string? Code => _code.IsEmpty ? null : _code.ToString();

    public string? Message =>
        _messageLength == 0 ? null : Encoding.UTF8.GetString(_message, 0, _messageLength);

    public void AppendType(ReadOnlySpan<byte> part) => _type.Append(part);

    public void AppendCode(ReadOnlySpan<byte> part) => _code.Append(part);

    /// <summary>Adds to the message; one inside the error takes the place of one beside it.</summary>
    public void AppendMessage(ReadOnlySpan<byte> part, bool isPlain = false)
    {
        if (_isPlain != isPlain && _messageLength > 0)
        {
            if (isPlain)
            {
                return;
            }

            _messageLength = 0;
        }

        _isPlain = isPlain;
        var room = Math.Min(part.Length, MessageBytesMax - _messageLength);
        part[..room].CopyTo(_message.AsSpan(_messageLength));
        _messageLength += room;
    }
}
