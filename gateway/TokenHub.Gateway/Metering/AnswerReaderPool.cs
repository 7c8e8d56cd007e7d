using TokenHub.Core.Snapshots;
using TokenHub.Protocols.Streams;
using TokenHub.Protocols.Tokens;

namespace TokenHub.Gateway.Metering;

/// <summary>Readers to be used again: one has several kilobytes, and every request needs one.</summary>
internal sealed class AnswerReaderPool
{
    private const int KeptMax = 256;
    private const int Encodings = (int)TokenEncoding.Cl100k + 1;

    private readonly KeptStack<AnswerReader>[] _kept =
    [
        .. Enumerable.Range(0, ((int)Dialect.Converse + 1) * Encodings)
            .Select(_ => new KeptStack<AnswerReader>(KeptMax)),
    ];

    public AnswerReader Rent(Dialect dialect, TokenEncoding encoding) => Kept(dialect, encoding).TryPop(out var reader)
        ? reader
        : AnswerReader.Create(dialect, isStream: true, TokenizerCatalog.CreateCounter(encoding));

    public void Return(Dialect dialect, TokenEncoding encoding, AnswerReader reader)
    {
        reader.Reset();
        Kept(dialect, encoding).TryPush(reader);
    }

    private KeptStack<AnswerReader> Kept(Dialect dialect, TokenEncoding encoding) =>
        _kept[((int)dialect * Encodings) + (int)encoding];
}
