using System.Buffers;
using System.Text.Json;
using TokenHub.Core.Snapshots;
using TokenHub.Protocols.Chat;

namespace TokenHub.Gateway.Forwarding.Translation;

/// <summary>
/// Watches the events of an answer for what its client's protocol has no place for: signed thoughts and signatures of
/// calls. What belongs to a call is kept until the answer is over, and then given to the side store.
/// </summary>
internal sealed class OpaqueCatch : IChatSink
{
    /// <summary>Calls and items of one answer that are kept: beyond them an upstream only fills memory.</summary>
    public const int KeptMax = 64;

    private readonly ArrayBufferWriter<byte> _thought = new(256);
    private readonly List<string> _calls = [];
    private readonly List<(int Call, KeptItem Item)> _items = [];
    private IChatSink _next = null!;
    private Dialect _issuer;
    private string _family = "";
    private string? _signature;
    private OpaqueKind _kind;
    private string? _id;

    /// <summary>True for clients who cannot carry what is opaque themselves.</summary>
    public static bool IsFor(Dialect client) => client == Dialect.Chat;

    /// <summary>Another answer begins; its events go on to <paramref name="next"/>.</summary>
    public void Begin(IChatSink next, Dialect issuer, string upstreamModel)
    {
        (_next, _issuer, _family) = (next, issuer, ModelFamily.Of(upstreamModel));
        _calls.Clear();
        _items.Clear();
        EndThought(isKept: false);
    }

    public void Take(in ChatEvent e)
    {
        switch (e.Kind)
        {
            case ChatEventKind.Reasoning when _thought.WrittenCount + e.Text.Length <= SideStore.ValueBytesMax:
                _thought.Write(e.Text);
                break;
            case ChatEventKind.ReasoningEnd:
                EndThought(isKept: true);
                break;
            case ChatEventKind.Opaque when e.Text.Length > SideStore.ValueBytesMax:
                // The store would not take it.
                break;
            case ChatEventKind.Opaque when e.Opaque == OpaqueKind.Call:
                Add(e.Call, new KeptItem(new OpaqueItem(_issuer, _family, e.Opaque, Unescape(e.Text)), ""));
                break;
            case ChatEventKind.Opaque when e.Opaque is OpaqueKind.Reasoning or OpaqueKind.Redacted:
                Sign(e);
                break;
            case ChatEventKind.Call:
                EndThought(isKept: true);
                if (_calls.Count < KeptMax)
                {
                    _calls.Add(Unescape(e.Id));
                }

                break;
        }

        _next.Take(e);
    }

    /// <summary>What is to be kept of the answer, by the ids of its calls.</summary>
    public IEnumerable<(string Call, List<KeptItem> Items)> Kept()
    {
        foreach (var group in _items.GroupBy(item => item.Call))
        {
            if (group.Key < _calls.Count)
            {
                yield return (_calls[group.Key], [.. group.Select(item => item.Item)]);
            }
        }
    }

    private void Add(int call, KeptItem item)
    {
        if (_items.Count < KeptMax)
        {
            _items.Add((call, item));
        }
    }

    // A signature may come before the thought's end, or behind it for a thought of its own.
    private void Sign(in ChatEvent e)
    {
        if (_signature is not null)
        {
            EndThought(isKept: true);
        }

        (_signature, _kind, _id) = (Unescape(e.Text), e.Opaque, e.Id.IsEmpty ? null : Unescape(e.Id));
        if (e.Opaque == OpaqueKind.Redacted)
        {
            EndThought(isKept: true);
        }
    }

    // What was thought belongs to the next call: it has to stand before it when that comes back.
    private void EndThought(bool isKept)
    {
        if (isKept && _signature is { Length: > 0 } data)
        {
            var text = _kind == OpaqueKind.Redacted ? "" : Unescape(_thought.WrittenSpan);
            Add(_calls.Count, new KeptItem(new OpaqueItem(_issuer, _family, _kind, data, _id), text));
        }

        _thought.ResetWrittenCount();
        (_signature, _id) = (null, null);
    }

    private static string Unescape(ReadOnlySpan<byte> inside)
    {
        if (!inside.Contains((byte)'\\'))
        {
            return System.Text.Encoding.UTF8.GetString(inside);
        }

        try
        {
            var reader = new Utf8JsonReader([(byte)'"', .. inside, (byte)'"']);
            reader.Read();
            return reader.GetString()!;
        }
        catch (Exception error) when (error is JsonException or InvalidOperationException)
        {
            // Half a pair of surrogates is no text, and nobody's signature.
            return "";
        }
    }
}
