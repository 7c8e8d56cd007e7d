using System.Globalization;
using System.Text.RegularExpressions;
using TokenHub.Core.Money;

namespace TokenHub.ControlPlane.Rules;

/// <summary>Price factors on the wire: decimals such as <c>1.25</c>, of four places at most.</summary>
internal static partial class FactorText
{
    public const string Message = "must be a decimal from 0.0001 to 10 with at most four places, such as 1.25";

    /// <summary>In basis points; null for what is no factor.</summary>
    public static int? Parse(string text)
    {
        if (!Shape().IsMatch(text))
        {
            return null;
        }

        var bp = (int)(decimal.Parse(text, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture)
            * PriceFactors.Once);
        return bp is >= 1 and <= PriceFactors.Max ? bp : null;
    }

    public static string Format(int bp) =>
        ((decimal)bp / PriceFactors.Once).ToString("0.####", CultureInfo.InvariantCulture);

    [GeneratedRegex("^[0-9]{1,2}(?:\\.[0-9]{1,4})?\\z")]
    private static partial Regex Shape();
}
