using System.Collections.Concurrent;

namespace TokenHub.Gateway.Learned;

/// <summary>
/// By what the count of a model without a public vocabulary has to be multiplied: learned from answers whose provider
/// told their tokens. Names that are too many to be kept are counted as they are.
/// </summary>
internal sealed class TokenScales
{
    private const int ModelsMax = 4096;
    private readonly ConcurrentDictionary<string, TokenScale> _scales = new(StringComparer.Ordinal);

    /// <summary>The scale of a model by its name at the upstream.</summary>
    public TokenScale Of(string model) =>
        _scales.TryGetValue(model, out var scale) ? scale
        : _scales.Count < ModelsMax ? _scales.GetOrAdd(model, static _ => new TokenScale())
        : new TokenScale();
}

/// <summary>
/// What one model's tokens are to the count by bytes. Thread-safe: a note that is lost is learned again.
/// </summary>
internal sealed class TokenScale
{
    /// <summary>A count as it is.</summary>
    public const int Once = 1000;

    /// <summary>Answers before the scale is applied.</summary>
    public const int AnswersLeast = 8;

    /// <summary>Of fewer tokens an answer says little.</summary>
    public const long TokensLeast = 200;

    // Beyond half and twice it is no matter of vocabulary: thoughts that are not shown, or a report not to be believed.
    private const int Lowest = 500;
    private const int Highest = 2000;

    // One answer in sixteen parts: a change of the model's tokenizer is learned in some dozens.
    private const int Parts = 16;

    // A thousandth of a thousandth, or small differences would never be learned.
    private const int Fine = 1000;

    private int _scale = Once * Fine;
    private int _answers;

    public int PerMille =>
        Volatile.Read(ref _answers) >= AnswersLeast ? (Volatile.Read(ref _scale) + (Fine / 2)) / Fine : Once;

    /// <summary>A whole answer was counted, unscaled, and told by its provider.</summary>
    public void Note(long counted, long told)
    {
        var ratio = counted < TokensLeast ? 0 : told * Once / counted;
        if (ratio is < Lowest or > Highest)
        {
            return;
        }

        var answers = Volatile.Read(ref _answers);
        var known = Volatile.Read(ref _scale);

        // The first ones weigh evenly.
        var parts = Math.Min(answers + 1, Parts);
        Volatile.Write(ref _scale, known + (((int)ratio * Fine) - known) / parts);
        Volatile.Write(ref _answers, Math.Min(answers + 1, AnswersLeast + Parts));
    }
}
