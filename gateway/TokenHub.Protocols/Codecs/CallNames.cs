using System.Buffers;
using System.Text;
using TokenHub.Protocols.Chat;
using TokenHub.Protocols.Json;

namespace TokenHub.Protocols.Codecs;

/// <summary>
/// The calls of an answer as a writer tells them: under the caller's own names, and free-form ones only when their
/// input is whole.
/// </summary>
internal sealed class CallNames
{
    /// <summary>Room for a call's input that is kept when the answer is over.</summary>
    private const int KeptBytesMax = 16 << 10;

    private readonly List<NamedCall> _calls = [];
    private ToolBook _book = null!;
    private int _count;

    public void Begin(ToolBook book)
    {
        _book = book;
        _count = 0;
    }

    /// <summary>Notes the call that an event begins; <paramref name="number"/> is what the writer calls it.</summary>
    public NamedCall Add(in ChatEvent e, int number)
    {
        if (_count == _calls.Count)
        {
            _calls.Add(new NamedCall());
        }

        var call = _calls[_count++];
        call.Begin(e.Call, number, KeptBytesMax);
        call.Id.Write(e.Id);
        var entry = _book.IsPlain ? null : _book.Find(JsonText.Unescape(e.Name));
        call.IsFreeForm = entry is { IsFreeForm: true };
        call.Namespace = entry?.Namespace;
        if (entry is null)
        {
            call.NameUtf8.Write(e.Name);
        }
        else
        {
            JsonText.WriteEscaped(call.NameUtf8, Encoding.UTF8.GetBytes(entry.Name));
        }

        return call;
    }

    /// <summary>The call that an event speaks of. From the end: it is as a rule the last.</summary>
    public NamedCall? Find(int eventCall)
    {
        for (var i = _count - 1; i >= 0; i--)
        {
            if (_calls[i].EventCall == eventCall)
            {
                return _calls[i];
            }
        }

        return null;
    }
}

/// <summary>A call under the caller's own name; its texts are the insides of JSON strings.</summary>
internal sealed class NamedCall
{
    public int EventCall { get; private set; }

    public int Number { get; private set; }

    public bool IsFreeForm { get; set; }

    public bool HasArguments { get; set; }

    public string? Namespace { get; set; }

    public ArrayBufferWriter<byte> Id { get; } = new(64);

    public ArrayBufferWriter<byte> NameUtf8 { get; } = new(64);

    public ReadOnlySpan<byte> Name => NameUtf8.WrittenSpan;

    /// <summary>Arguments so far, where the writer has to keep them.</summary>
    public ArrayBufferWriter<byte> Input { get; private set; } = new();

    public void Begin(int eventCall, int number, int keptBytesMax)
    {
        (EventCall, Number, IsFreeForm, HasArguments, Namespace) = (eventCall, number, false, false, null);
        Id.ResetWrittenCount();
        NameUtf8.ResetWrittenCount();
        if (Input.Capacity > keptBytesMax)
        {
            Input = new ArrayBufferWriter<byte>();
        }

        Input.ResetWrittenCount();
    }
}
