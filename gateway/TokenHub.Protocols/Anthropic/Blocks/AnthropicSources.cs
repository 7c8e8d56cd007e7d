using System.Buffers;
using TokenHub.Protocols.Chat;
using TokenHub.Protocols.Codecs.Answers;
using TokenHub.Protocols.Json;

namespace TokenHub.Protocols.Anthropic.Blocks;

/// <summary>
/// The sources of an answer's texts. A source is of its whole block, so it can be told when that has ended.
/// </summary>
internal sealed class AnthropicSources
{
    private readonly ArrayBufferWriter<byte> _texts = new(64);
    private readonly List<(int Url, int Title)> _lengths = [];
    private int _begin;
    private int _chars;

    public void Reset()
    {
        _chars = 0;
        Begin();
    }

    /// <summary>A text block begins.</summary>
    public void Begin()
    {
        _begin = _chars;
        _lengths.Clear();
        _texts.ResetWrittenCount();
    }

    public void Pass(ChatEventKind kind, ReadOnlySpan<byte> text)
    {
        if (kind == ChatEventKind.Text)
        {
            _chars += TextPlaces.CountChars(text);
        }
    }

    /// <summary>The sources that a block begins with.</summary>
    public void Add(in AnthropicBlock block)
    {
        var list = block.Citations;
        for (var isArray = block.HasCitations && list.BeginArray(); isArray && list.NextObject();)
        {
            Add(AnthropicSource.ReadMembers(ref list));
        }
    }

    public void Add(in AnthropicSource source)
    {
        if (!source.Url.IsEmpty)
        {
            _texts.Write(source.Url);
            _texts.Write(source.Title);
            _lengths.Add((source.Url.Length, source.Title.Length));
        }
    }

    /// <summary>The block has ended.</summary>
    public void Give(IChatSink sink)
    {
        var texts = _texts.WrittenSpan;
        foreach (var (url, title) in _lengths)
        {
            sink.Take(new ChatEvent(ChatEventKind.Citation)
            {
                Id = texts[..url], Name = texts.Slice(url, title), From = _begin, To = _chars,
            });
            texts = texts[(url + title)..];
        }

        Begin();
    }
}
