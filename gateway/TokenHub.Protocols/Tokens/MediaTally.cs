using System.Buffers;

namespace TokenHub.Protocols.Tokens;

/// <summary>One file in a request: where its payload and its type stand in the body, and what it counts as.</summary>
internal struct MediaTally
{
    // Base64 of either alphabet, with the escaped slashes and line ends that some encoders put in.
    private static readonly SearchValues<byte> Base64 = SearchValues.Create(
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/-_=\\"u8);

    private const int ReferenceBytesMax = 4096;
    private const int Base64BytesMin = 32;
    private const int BytesPerPage = 50_000;

    // A file that is only referred to cannot be measured here: a guess on the high side of what is usual.
    private const int ReferencePages = 20;
    private const int ReferenceAudioBytes = 1_000_000;
    private const int ReferenceVideoBytes = 10_000_000;

    public long PayloadAt { get; set; }
    public long PayloadEnd { get; set; }
    public long MimeAt { get; set; }
    public long MimeEnd { get; set; }

    /// <summary>Counts the file; false when the payload is text that the model reads.</summary>
    public static bool TryCount(ReadOnlySpan<byte> payload, ReadOnlySpan<byte> mime, ref InputTally tally)
    {
        if (payload.StartsWith("data:"u8))
        {
            var comma = payload[..Math.Min(payload.Length, ReferenceBytesMax)].IndexOf((byte)',');
            if (comma < 0 || payload[..comma].IndexOf(";base64"u8) < 0)
            {
                return false;
            }

            mime = payload["data:".Length..comma];
            payload = payload[(comma + 1)..];
        }
        else if (payload.Length <= ReferenceBytesMax && (payload.IndexOf("://"u8) >= 0 || mime.IsEmpty))
        {
            AddReference(mime, ref tally);
            return true;
        }

        if (mime.StartsWith("text/"u8) || !IsBase64(payload))
        {
            return false;
        }

        AddFile(mime, payload.Length / 4 * 3L, ref tally);
        return true;
    }

    public static bool IsBase64(ReadOnlySpan<byte> text) =>
        text.Length >= Base64BytesMin && text.IndexOfAnyExcept(Base64) < 0;

    private static void AddFile(ReadOnlySpan<byte> mime, long bytes, ref InputTally tally)
    {
        if (IsAudio(mime))
        {
            tally.AudioBytes += bytes;
        }
        else if (mime.StartsWith("video/"u8))
        {
            tally.VideoBytes += bytes;
        }
        else if (mime.IsEmpty || mime.StartsWith("image/"u8))
        {
            tally.Images++;
        }
        else
        {
            tally.Pages += 1 + bytes / BytesPerPage;
        }
    }

    private static void AddReference(ReadOnlySpan<byte> mime, ref InputTally tally)
    {
        if (IsAudio(mime))
        {
            tally.AudioBytes += ReferenceAudioBytes;
        }
        else if (mime.StartsWith("video/"u8))
        {
            tally.VideoBytes += ReferenceVideoBytes;
        }
        else if (mime.StartsWith("application/"u8))
        {
            tally.Pages += ReferencePages;
        }
        else
        {
            tally.Images++;
        }
    }

    // Chat names the format of audio by its short name.
    private static bool IsAudio(ReadOnlySpan<byte> mime) =>
        mime.StartsWith("audio/"u8) || mime.SequenceEqual("wav"u8) || mime.SequenceEqual("mp3"u8);
}
