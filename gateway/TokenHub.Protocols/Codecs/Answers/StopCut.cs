using System.Buffers;
using System.Text;
using TokenHub.Protocols.Chat;
using TokenHub.Protocols.Json;

namespace TokenHub.Protocols.Codecs.Answers;

/// <summary>
/// Ends an answer at the caller's stop sequences, where the upstream knows none or not so many: what stands before one
/// goes on, the sequence and all behind it does not. Text that may be the beginning of one waits for what follows.
/// </summary>
public sealed class StopCut : IChatSink
{
    /// <summary>The longest sequence, for the beginnings of each are looked for in every piece of the text.</summary>
    public const int CharsMax = 500;

    public const int StopsMax = 16;

    private readonly List<Choice> _choices = [];
    private readonly ArrayBufferWriter<byte> _plain = new(256);
    private readonly List<int> _places = [];
    private readonly List<(byte[] Plain, byte[] Inside)> _stops = [];
    private IChatSink _next = null!;
    private int _open;

    /// <summary>Everything that the caller gets has been handed on.</summary>
    public bool IsThrough => _open == 0;

    /// <summary>Another answer begins; its events go on to <paramref name="next"/>.</summary>
    public void Begin(IChatSink next, AnswerContext context)
    {
        _next = next;
        _open = Math.Max(1, context.Choices);
        _stops.Clear();
        foreach (var stop in context.Stops)
        {
            var (plain, inside) = (Encoding.UTF8.GetBytes(stop), new ArrayBufferWriter<byte>(stop.Length + 8));
            JsonText.WriteEscaped(inside, plain);
            _stops.Add((plain, inside.WrittenSpan.ToArray()));
        }

        foreach (var choice in _choices)
        {
            choice.IsOver = false;
            choice.Held.ResetWrittenCount();
        }
    }

    public void Take(in ChatEvent e)
    {
        var choice = Find(e.Choice);
        if (choice.IsOver)
        {
            return;
        }

        if (e.Kind == ChatEventKind.Text)
        {
            TakeText(choice, e);
            return;
        }

        Flush(choice, e.Choice);
        _next.Take(e);
    }

    /// <summary>The upstream is through: what waits is no beginning of anything any more.</summary>
    public void Flush()
    {
        for (var i = 0; i < _choices.Count; i++)
        {
            Flush(_choices[i], i);
        }
    }

    private void TakeText(Choice choice, in ChatEvent e)
    {
        var held = choice.Held;
        held.Write(e.Text);
        var text = held.WrittenSpan;
        Spell(text);
        var (at, stop) = FindStop();
        if (at < 0)
        {
            var kept = _plain.WrittenCount - LongestBeginning();
            var end = kept < _plain.WrittenCount ? _places[kept] : text.Length;
            Give(text[..end], e);
            choice.Keep(end);
            return;
        }

        Give(text[.._places[at]], e);
        held.ResetWrittenCount();
        choice.IsOver = true;
        _open--;
        _next.Take(new ChatEvent(ChatEventKind.Stop)
        {
            Choice = e.Choice, Stop = StopReason.StopSequence, Text = _stops[stop].Inside,
        });
    }

    // The text behind the inside of a JSON string, and where each of its bytes begins there.
    private void Spell(ReadOnlySpan<byte> inside)
    {
        _plain.ResetWrittenCount();
        _places.Clear();
        for (var rest = inside; !rest.IsEmpty;)
        {
            var place = inside.Length - rest.Length;
            var room = _plain.GetSpan(4);
            var length = 1;
            if (rest[0] == '\\')
            {
                length = JsonText.ReadEscape(ref rest).EncodeToUtf8(room);
            }
            else
            {
                room[0] = rest[0];
                rest = rest[1..];
            }

            _plain.Advance(length);
            for (var i = 0; i < length; i++)
            {
                _places.Add(place);
            }
        }
    }

    // The sequence that is whole first, as a model that writes token by token would stop at it.
    private (int At, int Stop) FindStop()
    {
        var (at, end, found) = (-1, int.MaxValue, -1);
        for (var i = 0; i < _stops.Count; i++)
        {
            var place = _plain.WrittenSpan.IndexOf(_stops[i].Plain);
            var behind = place + _stops[i].Plain.Length;
            if (place >= 0 && (behind < end || (behind == end && place < at)))
            {
                (at, end, found) = (place, behind, i);
            }
        }

        return (at, found);
    }

    // Bytes at the end that a sequence begins with.
    private int LongestBeginning()
    {
        var plain = _plain.WrittenSpan;
        var longest = 0;
        foreach (var (stop, _) in _stops)
        {
            for (var length = Math.Min(stop.Length - 1, plain.Length); length > longest; length--)
            {
                if (plain.EndsWith(stop.AsSpan(0, length)))
                {
                    longest = length;
                }
            }
        }

        return longest;
    }

    private void Give(ReadOnlySpan<byte> text, in ChatEvent e)
    {
        if (!text.IsEmpty || !e.Chances.IsEmpty)
        {
            _next.Take(new ChatEvent(ChatEventKind.Text) { Choice = e.Choice, Text = text, Chances = e.Chances });
        }
    }

    private void Flush(Choice choice, int index)
    {
        if (!choice.IsOver && choice.Held.WrittenCount > 0)
        {
            _next.Take(new ChatEvent(ChatEventKind.Text) { Choice = index, Text = choice.Held.WrittenSpan });
            choice.Held.ResetWrittenCount();
        }
    }

    private Choice Find(int index)
    {
        while (_choices.Count <= index)
        {
            _choices.Add(new Choice());
        }

        return _choices[index];
    }

    private sealed class Choice
    {
        /// <summary>Text that has not gone on, as the inside of a JSON string.</summary>
        public ArrayBufferWriter<byte> Held { get; } = new(64);

        public bool IsOver { get; set; }

        /// <summary>The text from a place on still waits.</summary>
        public void Keep(int from)
        {
            var rest = Held.WrittenSpan[from..];
            Span<byte> kept = rest.Length <= 512 ? stackalloc byte[rest.Length] : new byte[rest.Length];
            rest.CopyTo(kept);
            Held.ResetWrittenCount();
            Held.Write(kept);
        }
    }
}
