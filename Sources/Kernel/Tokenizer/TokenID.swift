/// An index into the vocabulary.
package typealias TokenID = Int32
