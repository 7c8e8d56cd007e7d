using TokenHub.Core.Snapshots;
using TokenHub.Protocols.Streams;
using TokenHub.Protocols.Tokens;

namespace TokenHub.Gateway.Metering;

/// <summary>Readers to be used again: one has several kilobytes, and every request needs one.</summary>
internal sealed class AnswerReaderPool
{
    private const int KeptMax = 256;
    private const int Encodings = (int)TokenEncoding.Cl100k + 1;

    // Behind the last dialect stand the readers of pictures and sound.
    private const int Media = (int)Dialect.Converse + 1;

    private readonly KeptStack<AnswerReader>[] _kept =
    [
        .. Enumerable.Range(0, (Media + 1) * Encodings).Select(_ => new KeptStack<AnswerReader>(KeptMax)),
    ];

    public AnswerReader Rent(Dialect dialect, TokenEncoding encoding, bool isMedia)
    {
        if (Kept(dialect, encoding, isMedia).TryPop(out var reader))
        {
            return reader;
        }

        var counter = TokenizerCatalog.CreateCounter(encoding);
        return isMedia
            ? AnswerReader.CreateForMedia(counter)
            : AnswerReader.Create(dialect, isStream: true, counter);
    }

    public void Return(Dialect dialect, TokenEncoding encoding, bool isMedia, AnswerReader reader)
    {
        reader.Reset();
        Kept(dialect, encoding, isMedia).TryPush(reader);
    }

    private KeptStack<AnswerReader> Kept(Dialect dialect, TokenEncoding encoding, bool isMedia) =>
        _kept[((isMedia ? Media : (int)dialect) * Encodings) + (int)encoding];
}
