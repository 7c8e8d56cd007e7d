using System.Buffers;
using TokenHub.Protocols.Chat;
using TokenHub.Protocols.Codecs.Answers;

namespace TokenHub.Protocols.Gemini.Parts;

/// <summary>What is under way in one candidate of an answer.</summary>
internal sealed class GeminiChoice
{
    public bool IsThinking { get; set; }

    /// <summary>The call whose pieces are coming, or -1.</summary>
    public int OpenCall { get; set; } = -1;

    public bool HasCalls { get; set; }

    public StopReason Stop { get; set; }

    public ArrayBufferWriter<byte> StopText { get; } = new(64);

    /// <summary>Sources that have been told, by number; each event may repeat those before.</summary>
    public HashSet<int> Told { get; } = [];

    /// <summary>Stretches of the text whose sources have been told.</summary>
    public int Supports { get; set; }

    public TextPlaces Places { get; } = new();

    public PartialArguments Pieces { get; } = new();

    public void Reset()
    {
        (IsThinking, OpenCall, HasCalls, Stop, Supports) = (false, -1, false, StopReason.None, 0);
        Told.Clear();
        StopText.ResetWrittenCount();
        Places.Reset();
        Pieces.Reset();
    }
}
